# syntax=docker/dockerfile:1
# The image of Hilo: one binary with the screens inside, run as `serve`, `worker` or any other command.
# The caches of npm and cargo outlive a change of any file, so a rebuild compiles only what changed.

FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web* /src/web/
RUN --mount=type=cache,target=/root/.npm \
    if [ -f package-lock.json ]; then \
        npm ci --ignore-scripts --no-audit --no-fund && npm run build; \
    else \
        mkdir -p dist; \
    fi

FROM rust:1.95-bookworm AS build
# The compiler of this image, not the one that rust-toolchain.toml would have fetched.
ENV RUSTUP_TOOLCHAIN=1.95.0 SQLX_OFFLINE=true CARGO_INCREMENTAL=0
WORKDIR /src
COPY . .
COPY --from=web /src/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package hilo --bin hilo \
    && install -D target/release/hilo /out/hilo

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 hilo \
    && useradd --system --uid 10001 --gid hilo --home-dir /var/lib/hilo --shell /usr/sbin/nologin hilo \
    && install -d -o hilo -g hilo -m 0750 /var/lib/hilo /var/lib/hilo/media
COPY --from=build /out/hilo /usr/local/bin/hilo
USER 10001:10001
WORKDIR /var/lib/hilo
ENV HILO_HTTP_ADDR=0.0.0.0:8080
EXPOSE 8080
# A replica that is told to go has 30 seconds to finish what it began.
STOPSIGNAL SIGTERM
ENTRYPOINT ["hilo"]
CMD ["serve"]
