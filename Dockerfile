# One image, many roles: the command says which service runs (`python -m services.gateway`, `python -m payflow migrate`, ...).
FROM node:22-slim AS console
WORKDIR /build/console
COPY console/package.json console/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY schemas/exported /build/schemas/exported
COPY console ./
RUN npm run build

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.runtime.lock ./
RUN /opt/venv/bin/pip install --require-hashes -r requirements.runtime.lock

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/payflow --create-home payflow \
    && mkdir /var/lib/payflow/books && chown payflow /var/lib/payflow/books
COPY --from=build /opt/venv /opt/venv
COPY schemas /opt/payflow/schemas
COPY domain /opt/payflow/domain
COPY runtime /opt/payflow/runtime
COPY services /opt/payflow/services
COPY payflow /opt/payflow/payflow
COPY deploy /opt/payflow/deploy
COPY --from=console /build/console/dist /opt/payflow/console/dist
RUN printf '#!/bin/sh\nexec python -m payflow "$@"\n' > /usr/local/bin/payflow && chmod 755 /usr/local/bin/payflow
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/payflow PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /var/lib/payflow
EXPOSE 8000 3000
CMD ["python", "-m", "services.gateway"]
