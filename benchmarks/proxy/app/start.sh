# One nginx process on $PORT: an upstream that is faster than every proxy in front of it.
set -eu
cd "$(dirname "$0")"
mkdir -p run files
for size in 10240 1048576; do head -c "$size" /dev/zero | tr '\0' x > "files/$size"; done
sed "s/{{PORT}}/$PORT/" nginx.conf > run/nginx.conf
exec nginx -p "$PWD/run/" -c "$PWD/run/nginx.conf" -e stderr
