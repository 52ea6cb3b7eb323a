"""The pages that show the API's document in a browser: Swagger UI and ReDoc, with no script in the page itself (API-30, SEC-13).

Owns their text and the policy that they are shown under. Must not know where their parts are kept.
"""

from fastapi import Response

ASSETS_PATH = "/api/v1/docs/assets"
STARTER = "swagger.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Both pages style themselves as they run, and ReDoc searches in a worker that it makes itself."""
START_SWAGGER = """SwaggerUIBundle({
  url: "/api/schema/", dom_id: "#swagger-ui", deepLinking: true, layout: "BaseLayout",
  showExtensions: true, showCommonExtensions: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""
_HEAD = (
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    f'<link rel="icon" href="{ASSETS_PATH}/favicon.png">\n<title>Payflow</title>\n'
)
SWAGGER = (
    f'{_HEAD}<link rel="stylesheet" href="{ASSETS_PATH}/swagger-ui.css">\n</head>\n<body>\n<div id="swagger-ui"></div>\n'
    f'<script src="{ASSETS_PATH}/swagger-ui-bundle.js"></script>\n<script src="{ASSETS_PATH}/{STARTER}"></script>\n</body>\n</html>\n'
)
REDOC = (
    f"{_HEAD}<style>body {{ margin: 0; padding: 0; }}</style>\n</head>\n<body>\n<noscript>ReDoc needs JavaScript.</noscript>\n"
    f'<redoc spec-url="/api/schema/"></redoc>\n<script src="{ASSETS_PATH}/redoc.standalone.js"></script>\n</body>\n</html>\n'
)


def page(text: str) -> Response:
    """One of the pages, under the policy."""
    return Response(text, headers={"Content-Security-Policy": POLICY}, media_type="text/html")
