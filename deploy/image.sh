#!/bin/sh
# Builds the container image barchasb with docker, podman or buildah. Every file in it
# gets the same time, so that podman and buildah make the same layers of the same inputs.
#   usage: deploy/image.sh build [FLAG of the builder...]
#          deploy/image.sh again IMAGE [FLAG...]   without a cache, and compares layers
set -eu
cd "$(dirname "$0")/.."
epoch=1700000000 # any would do; as it stays, so do layers whose files stay
verb=$1
shift

if docker info >/dev/null 2>&1; then
    engine=docker
elif command -v podman >/dev/null; then
    engine=podman
elif command -v buildah >/dev/null; then
    engine=buildah
else
    echo "make image needs a running docker, or podman, or buildah." >&2
    exit 1
fi

build() {
    case $engine in
    docker) set -- "$@" ;;
    *) set -- --format docker --layers --timestamp "$epoch" "$@" ;;
    esac
    "$engine" build --build-arg "SOURCE_DATE_EPOCH=$epoch" "$@" .
}

layers() {
    case $engine in
    buildah) buildah inspect --type image \
        --format '{{range .OCIv1.RootFS.DiffIDs}}{{println .}}{{end}}' "$1" ;;
    *) "$engine" image inspect \
        --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$1" ;;
    esac
}

case $verb in
build) build --tag barchasb "$@" ;;
again)
    first=$1
    shift
    wanted=$(layers "$first")
    kept=$("$engine" images --all --quiet --no-trunc)
    build --no-cache --tag barchasb:again "$@"
    found=$(layers barchasb:again)
    # A build without a cache leaves a second set of every stage.
    "$engine" images --all --quiet --no-trunc | sort -u | while read -r image; do
        case $kept in *"$image"*) ;; *) echo "$image" ;; esac
    done | xargs -r "$engine" rmi --force >/dev/null
    if [ "$found" != "$wanted" ]; then
        printf 'The layers of %s\n%s\ncame out otherwise:\n%s\n' \
            "$first" "$wanted" "$found" >&2
        exit 1
    fi
    printf 'The layers of %s came out the same:\n%s\n' "$first" "$found"
    ;;
esac
