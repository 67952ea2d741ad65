# camcli in a container, for processors:  docker build -t camcli .
# For NVIDIA's GPUs, by the name of PyTorch's index:  docker build -t camcli --build-arg TORCH=cu128 .
# It runs as a user without rights, on a file system that it does not write to:
#   docker run --rm --read-only --tmpfs /tmp --user "$(id -u)" -v "$PWD:/data" camcli explain photos/
FROM python:3.12-slim AS build
ARG TORCH=cpu
RUN python -m venv /opt/camcli \
 && /opt/camcli/bin/pip install --no-cache-dir --index-url "https://download.pytorch.org/whl/${TORCH}" \
    torch torchvision
COPY pyproject.toml README.md LICENSE /src/
COPY camcli /src/camcli
COPY docs/reference/camcli.1 /src/docs/reference/camcli.1
RUN /opt/camcli/bin/pip install --no-cache-dir "/src[timm,clip]"

FROM python:3.12-slim
COPY --from=build /opt/camcli /opt/camcli
# What is kept, such as downloaded weights, is gone with the container unless a volume is mounted.
ENV PATH=/opt/camcli/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    XDG_CACHE_HOME=/tmp/cache
RUN useradd --no-create-home --uid 1000 camcli
USER camcli
WORKDIR /data
ENTRYPOINT ["camcli"]
CMD ["--help"]
