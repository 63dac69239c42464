# The image of fastlb: docker build -t fastlb .   (docs/container.md)

FROM python:3.13-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libpcre2-dev zlib1g-dev pkg-config
WORKDIR /src
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps -w /wheels .

FROM python:3.13-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libpcre2-8-0 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fastlb
RUN install -d -o fastlb -g fastlb /run/fastlb
COPY --from=build /wheels /wheels
RUN python -m venv /opt/fastlb
RUN /opt/fastlb/bin/pip install --no-cache-dir /wheels/*.whl
COPY conf/container/fastlb.conf /etc/fastlb/fastlb.conf
ENV PATH=/opt/fastlb/bin:$PATH
USER fastlb
EXPOSE 8080
STOPSIGNAL SIGWINCH
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["fastlb", "-k", "status"]
CMD ["fastlb", "-D", "FOREGROUND"]
