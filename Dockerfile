# One image, many roles: the command says which service runs (`python -m services.gateway`, `payflow migrate`, ...).
FROM python:3.12-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.runtime.lock ./
RUN /opt/venv/bin/pip install --require-hashes -r requirements.runtime.lock
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY domain domain
COPY runtime runtime
COPY services services
COPY payflow payflow
COPY deploy deploy
RUN /opt/venv/bin/pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/payflow --create-home payflow
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER payflow
WORKDIR /var/lib/payflow
EXPOSE 8000
CMD ["python", "-m", "services.gateway"]
