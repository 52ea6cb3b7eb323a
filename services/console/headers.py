"""The headers of the console's own pages and files (RELIABILITY section 8, "Console").

Owns what a page may load and who may frame it. Scripts come from our own files only, none inline; styles may be inline, because the
library of the dialogs holds the page still by one. Must not know files.
"""

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-src": "'none'",
    "frame-ancestors": "'none'",
}
SECURITY = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
ALWAYS_ASK = "no-cache"
"""The page itself: kept, but asked after each time, so that a new version is seen at once."""
FOR_EVER = "public, max-age=31536000, immutable"
"""Files whose names hold a hash of what is in them."""
A_WHILE = "public, max-age=3600"
HASHED = "/assets/"


def caching(path: str) -> str:
    """How long a file may be kept, by its path."""
    if path.startswith(HASHED):
        return FOR_EVER
    return ALWAYS_ASK if path.endswith(".html") else A_WHILE
