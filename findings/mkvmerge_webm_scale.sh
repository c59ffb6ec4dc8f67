#!/usr/bin/env bash
# mkvmerge writes a WebM with sound only at a timestamp scale of its own, not at WebM's 1 ms.
# Version: mkvmerge 74.0.0 (Debian 12: mkvtoolnix=74.0.0-1), FFmpeg 5.1.9 (Debian 12: ffmpeg).
# A good guess: every WebM has a scale of 1,000,000 ns, as the WebM guidelines ask and as FFmpeg always writes.
set -uo pipefail
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
for tool in ffmpeg ffprobe mkvmerge mkvinfo; do
  command -v "$tool" >/dev/null || { echo "install Debian's ffmpeg and mkvtoolnix"; exit 2; }
done
ffmpeg -version | head -1 | cut -d' ' -f1-3
mkvmerge --version
scale() { mkvinfo "$1" | sed -n 's/.*Timestamp scale: //p'; }

ffmpeg -v error -f lavfi -i sine=440:d=10 -c:a libopus -b:a 32k "$dir/ffmpeg.webm"
mkvmerge -q --webm -o "$dir/sound.webm" "$dir/ffmpeg.webm"
ffmpeg -v error -f lavfi -i testsrc=size=160x120:rate=10:d=2 -f lavfi -i sine=440:d=2 -c:v libvpx -c:a libopus "$dir/av.webm"
mkvmerge -q --webm -o "$dir/both.webm" "$dir/av.webm"
ffmpegs="$(scale "$dir/ffmpeg.webm")"
sound="$(scale "$dir/sound.webm")"
both="$(scale "$dir/both.webm")"
times="$(ffprobe -v error -show_entries packet=pts_time -of csv=p=0 "$dir/sound.webm" | head -3 | tr '\n' ' ')"
echo "scale in ns: ffmpeg $ffmpegs, mkvmerge sound only $sound, mkvmerge picture and sound $both"
echo "first packets of the sound: $times"
[[ "$ffmpegs" == 1000000 && "$both" == 1000000 && "$sound" -lt 100000 ]] || { echo "changed"; exit 1; }
echo "as found: who reads block times as milliseconds is wrong by a factor of 48 for mkvmerge's sound-only WebM"

# Seen with ffmpeg 5.1.9, mkvmerge 74.0.0 (Debian 12), two runs alike:
#   scale in ns: ffmpeg 1000000, mkvmerge sound only 20832, mkvmerge picture and sound 1000000
#   first packets of the sound: -0.006500 0.013499 0.033498
