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

# The gallery of the demonstration has the model of the program.
unset AIO_MODEL

# A gallery of another model cannot be searched. Somebody may have added to it, so that it is kept.
model=$("$aio" weights list | awk '/^default$/ { getline; sub(/.*sha256 /, ""); print }')
if [ -f "$people/gallery.json" ] && ! grep -q "$model" "$people/gallery.json"; then
    aside=$people-of-former-model
    [ ! -e "$aside" ] || aside=$aside-$(date +%s)
    mv "$people" "$aside"
    echo "$people was made with another model. It is now $aside; a new one is made." >&2
fi

# A creation that was stopped is continued by the same call.
if [ ! -f "$people/gallery.json" ] || [ -f "$people/creating" ]; then
    { echo path,identity,camera,caption
      entries test | sed -n "s|$parts|CUHK-PEDES/imgs/\2,\4,\3,\"\1\"|p"; } > "$world/people.csv"
    # Calibrations are part of a gallery: a new one has none.
    rm -f "$folder/calibrated-mixes"
    "$aio" gallery create "$people" --list "$world/people.csv"
fi

if [ ! -f "$folder/calibrated-mixes" ]; then
    # Similarities become probabilities with labelled queries of other people, for each kind of query and each mix of them. The pictures of the gallery are
    # photographs. Camera numbers make every photograph its own: a sketch is not compared with the photograph that it was drawn from.
    for kind in rgb text sketch rgb+sketch rgb+text sketch+text rgb+sketch+text; do
        columns=$(echo "$kind" | tr + ,)
        values=$(echo "$columns" | sed 's|rgb|CUHK-PEDES/imgs/\\2|; s|sketch|CUHK-PEDES/imgs-sketch2/\\2|; s|text|"\\1"|')
        { echo "$columns,identity,camera"
          entries 'train|val' | sed -n "s|$parts|$values,\4|p" | awk '{ print $0 "," NR }'; } > "$world/$kind.csv"
        "$aio" embed --list "$world/$kind.csv" --output "$folder/$kind.safetensors" > /dev/null
        "$aio" gallery calibrate "$people" --queries "$folder/$kind.safetensors" \
            --against "$folder/rgb.safetensors" --modalities "$kind" > /dev/null
    done
    touch "$folder/calibrated-mixes"
fi

[ "${1-}" != --prepare ] || exit 0
echo "Pictures to drop on the page: $world/CUHK-PEDES/imgs, $world/PKUSketchRE-ID_V1, $world/ORBench" >&2
exec "$aio" serve "$people" "$@"
