# One image for all TypeScript services and the web page; docker-compose.yml selects the command.

FROM node:24-trixie-slim AS node

FROM node AS build
WORKDIR /app
ENV CI=true
# Packages come before the sources, so that a changed source file downloads nothing.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
RUN --mount=type=cache,id=npm,target=/root/.npm \
    npm install --global --no-fund --no-audit "$(node -p "require('./package.json').packageManager.split('+')[0]")"
RUN --mount=type=cache,id=pnpm,target=/pnpm-store \
    pnpm config set store-dir /pnpm-store --location=global && pnpm fetch
COPY . .
# Called by path: the pinned Node for development needs a library that slim images lack.
RUN --mount=type=cache,id=pnpm,target=/pnpm-store \
    pnpm install --offline --frozen-lockfile && /usr/local/bin/node ui/node_modules/vite/bin/vite.js build ui
# The tree with only its runtime dependencies. `--no-optional` omits the pinned Node.
RUN --mount=type=cache,id=pnpm,target=/pnpm-store \
    find . -name node_modules -type d -prune -exec rm -rf {} + \
    # The page is built; its server finds its packages at the root.
    && pnpm install --offline --frozen-lockfile --prod --no-optional --filter '!ui' \
    && rm -rf ui/src ui/index.html ui/traces.html ui/public keycloak/provider packages/aauth-conformance \
    && find node_modules -name '*.map' -delete

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="AAuth full demo" \
      org.opencontainers.image.description="Backend, agents, gateway check and web page of the AAuth demo, and stand-ins for Keycloak, Agentgateway and Jaeger" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 aauth && useradd --uid 10001 --gid aauth --no-create-home --shell /usr/sbin/nologin aauth \
    && install -d -o aauth -g aauth /run/admin /run/realm /run/state /data
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=build /app /app
WORKDIR /app
USER 10001:10001
ENV NODE_ENV=production
ENTRYPOINT ["node"]
# Last, so that a new revision rebuilds no layer.
ARG VERSION=0.1.0
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.source=$SOURCE \
      org.opencontainers.image.base.name=docker.io/library/debian:trixie-slim
