# What packages, tarball and installation go by; to be sourced. Each fact stands in one place elsewhere.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later

# The folder with the source.
mep_source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The version, of CMakeLists.txt.
mep_version() {
  sed -n 's/^project(.* VERSION \([0-9.]*\).*/\1/p' "$mep_source/CMakeLists.txt"
}

mep_has_git() {
  git -C "$mep_source" rev-parse --git-dir >/dev/null 2>&1 && [ -e "$mep_source/.git" ]
}

# When the source was made, in seconds since 1970: of what was packed then, two builds give the same bytes.
mep_date() {
  if [ -n "${SOURCE_DATE_EPOCH:-}" ]; then
    echo "$SOURCE_DATE_EPOCH"
  elif mep_has_git; then
    git -C "$mep_source" log -1 --format=%ct
  elif grep -q '^[0-9]' "$mep_source/packaging/commit-date"; then
    cat "$mep_source/packaging/commit-date" # of a tarball: git has written it there
  else
    stat -c %Y "$mep_source/CMakeLists.txt"
  fi
}

# The source's files, one a line, without what is made of them.
mep_files() {
  (
    cd "$mep_source" || exit
    if mep_has_git; then
      git ls-files --cached --others --exclude-standard | while read -r file; do
        [ ! -e "$file" ] || echo "$file"
      done
    else
      find . \( -path './build*' -o -path ./out -o -path ./.git -o -name __pycache__ -o -name .pytest_cache \
        \) -prune -o \( -type f -o -type l \) -printf '%P\n'
    fi
  )
}

# mep_unpack FOLDER: the source's files there, under a name of their own.
mep_unpack() {
  mkdir -p "$1"
  mep_files | tar -C "$mep_source" --no-recursion -T - -cf - | tar -C "$1" -xf -
}

# The version as a package of this system has it: 0.1.0-0~deb12 is older than 0.1.0-0~deb13, so that who
# goes on to the next Debian gets what was made for that. One that has no number yet is the newest.
mep_package_version() {
  (
    # shellcheck source=/dev/null
    . /etc/os-release
    case ${ID:-} in debian) ID=deb ;; esac
    echo "$(mep_version)-0${VERSION_ID:+~$ID$VERSION_ID}"
  )
}

# mep_manifest USER PREFIX: where it stands what was installed: for one user, or below PREFIX.
mep_manifest() {
  if [ -n "$1" ]; then
    echo "$HOME/.local/share/mep-wireshark/installed"
  else
    echo "$2/share/mep-wireshark/installed"
  fi
}
