# syntax=docker/dockerfile:1
#
#   docker build -t smppgw .
#   docker run --read-only --cap-drop ALL --init -p 2775:2775 \
#     -e SMPPGW__HTTP__LISTEN=0.0.0.0:9775 \
#     -v ./smppgw.toml:/etc/smppgw/smppgw.toml:ro -v ./secrets:/run/secrets:ro -v smppgw:/var/lib/smppgw smppgw

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/smppgw
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY smppgw ./smppgw
RUN /opt/smppgw/bin/pip install --compile . && /opt/smppgw/bin/pip uninstall --yes pip


FROM python:3.13-slim

LABEL org.opencontainers.image.title="smppgw" \
      org.opencontainers.image.description="SMPP in, HTTP carriers out: a durable gateway" \
      org.opencontainers.image.licenses="Apache-2.0"

ENV PATH="/opt/smppgw/bin:$PATH" PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

# Numbers, not names: an orchestrator can then see that it is not root.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/smppgw && install -d -m 0755 /etc/smppgw
COPY --from=build /opt/smppgw /opt/smppgw

USER 10001:10001
WORKDIR /var/lib/smppgw
VOLUME /var/lib/smppgw
EXPOSE 2775 3550 9775
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["smppgw", "health", "-c", "/etc/smppgw/smppgw.toml"]

# The exec form: signals reach the daemon itself, which drains.
ENTRYPOINT ["smppgw"]
CMD ["run", "-c", "/etc/smppgw/smppgw.toml"]
