#!/bin/sh
# Renders people, makes a gallery of some of them, and serves it: just demo. What is there already is not made again.
# demo.sh PROGRAM --prepare serves nothing.
set -eu
aio=$1
shift
folder=runs/demo
world=$folder/world
people=$folder/people
mkdir -p "$folder"

[ -f "$world/manifest.json" ] || "$aio" data synth --output "$world"

# The entries of a split of CUHK-PEDES, one per line. Rendered captions hold no quotation marks.
entries() {
    awk '{ gsub(/},{"split"/, "}\n{\"split\""); print }' "$world/CUHK-PEDES/reid_raw.json" | grep -E "\"split\":\"($1)\""
}
# Parts of such lines: 1 caption, 2 file, 3 camera, 4 person.
parts='.*"captions":\["\([^"]*\)".*"file_path":"\(\([^/"]*\)/[^"]*\)".*"id":\([0-9]*\)}.*'

# A creation that was stopped is continued by the same call.
if [ ! -f "$people/gallery.json" ] || [ -f "$people/creating" ]; then
    { echo path,identity,camera,caption
      entries test | sed -n "s|$parts|CUHK-PEDES/imgs/\2,\4,\3,\"\1\"|p"; } > "$world/people.csv"
    "$aio" gallery create "$people" --list "$world/people.csv"
fi

if [ ! -f "$folder/calibrated" ]; then
    # Similarities become probabilities with labelled pictures and sentences of other people. Camera numbers make every picture its own.
    { echo rgb,identity,camera
      entries 'train|val' | sed -n "s|$parts|CUHK-PEDES/imgs/\2,\4|p" | awk '{ print $0 "," NR }'; } > "$world/pictures.csv"
    { echo text,identity,camera
      entries 'train|val' | sed -n "s|$parts|\"\1\",\4|p" | awk '{ print $0 "," NR }'; } > "$world/sentences.csv"
    for kind in pictures sentences; do
        "$aio" embed --list "$world/$kind.csv" --output "$folder/$kind.safetensors" > /dev/null
    done
    "$aio" gallery calibrate "$people" --queries "$folder/pictures.safetensors" --modalities rgb > /dev/null
    "$aio" gallery calibrate "$people" --queries "$folder/sentences.safetensors" \
        --against "$folder/pictures.safetensors" --modalities text > /dev/null
    touch "$folder/calibrated"
fi

[ "${1-}" != --prepare ] || exit 0
echo "Pictures to drop on the page: $world/CUHK-PEDES/imgs, $world/PKUSketchRE-ID_V1, $world/ORBench" >&2
exec "$aio" serve "$people" "$@"
