"""The whole product with sign-in required: isolation of merchants, revocation, and what never shows up anywhere."""
