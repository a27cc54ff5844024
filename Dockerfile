# The scheduler as an image: docker build --tag consumer-scheduler .
# docs/running.md, "Container, Kubernetes", says how it is run.

FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.base.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build -- --shipped

FROM node:22-bookworm-slim AS packages
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/consumer-scheduler
COPY package.json LICENSE ./
COPY --from=packages /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
# So that `docker exec NAME consumer-scheduler status` finds it.
RUN chmod 0755 dist/main.js && ln -s /opt/consumer-scheduler/dist/main.js /usr/local/bin/consumer-scheduler
# By number, so that Kubernetes can tell that it is not root. It owns no file of the image, and writes none.
USER 1000:1000
EXPOSE 9464
# The status server has to be on (status.enabled); it may listen on loopback alone.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "/opt/consumer-scheduler/dist/main.js", "health"]
ENTRYPOINT ["node", "/opt/consumer-scheduler/dist/main.js"]
CMD ["run"]
