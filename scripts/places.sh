#!/usr/bin/env bash
# Brings free address databases to this machine, for countries and networks of addresses at ingest. Needs npm, tar and
# the program; asks the registry that npm is set up with, and nothing else. Postern works without them.
#
#   scripts/places.sh [FOLDER]     the folder that `postern places` looks into by default
#
# POSTERN    the program; `cargo run` in this clone when it is not set and `postern` is not installed
#
# What comes, by the ip-location-db project:
#   countries  geo-whois-asn-country, CC0-1.0
#   networks   asn, CC-BY-4.0: made from routing tables of RouteViews and data of DB-IP; both are to be named where
#              the data is passed on. The licences are put beside the databases.
set -euo pipefail

countries='@ip-location-db/geo-whois-asn-country-mmdb'
networks='@ip-location-db/asn'

clone="$(cd "$(dirname "$0")/.." && pwd)"
postern() {
  if [ -n "${POSTERN:-}" ]; then "$POSTERN" "$@"
  elif command -v postern >/dev/null; then command postern "$@"
  else cargo run --quiet --locked --manifest-path "$clone/Cargo.toml" -- "$@"
  fi
}

for tool in npm tar; do
  command -v "$tool" >/dev/null || { echo "scripts/places.sh needs $tool" >&2; exit 1; }
done

folder="${1:-${XDG_DATA_HOME:-$HOME/.local/share}/postern/places}"
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"

draft="$(mktemp -d)"
trap 'rm -rf "$draft"' EXIT
cd "$draft"

# A package's files, once npm has checked them against the registry's digest: its name, its licence, its folder.
bring() {
  local licence
  licence="$(npm view "$1" license --fetch-retries=1 --fetch-timeout=60000)"
  case "$licence" in
    *"$2"*) ;;
    *) echo "the licence of $1 is now \"$licence\": not taken" >&2; exit 1 ;;
  esac
  mkdir "$3"
  npm pack "$1" --silent --fetch-retries=1 --pack-destination "$3" >/dev/null
  tar -xzf "$3"/*.tgz -C "$3"
}
bring "$countries" CC0-1.0 countries
bring "$networks" CC-BY-4.0 networks

# The version ends in the hour the tables were made: 2.3.2026061719.
version="$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' networks/package/package.json)"
hour="${version##*.}"
built=()
case "$hour" in
  20[0-9][0-9][01][0-9][0-3][0-9][0-2][0-9]) built=(--built "${hour:0:4}-${hour:4:2}-${hour:6:2}T${hour:8:2}:00:00Z") ;;
esac

postern places add --folder "$folder" ${built[@]+"${built[@]}"} \
  countries/package/geo-whois-asn-country.mmdb networks/package/asn-ipv4.csv networks/package/asn-ipv6.csv
cp countries/package/NRO_LICENSE "$folder/geo-whois-asn-country.licence.txt"
cat networks/package/{ROUTEVIEWS-LICENSE,DBIP-LICENSE,MODIFICATIONS} >"$folder/asn.licence.txt"
