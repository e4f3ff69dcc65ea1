#!/bin/sh
# How the certificates in this folder were made, once, with OpenSSL 3.0; they are valid for a hundred years, but for
# expired.pem and lapsed.pem. They protect nothing: their keys are public. Tests read the files and never run this.
#
#   ca.pem                  signs server.pem, renewed.pem, client.pem and expired.pem
#   server.pem, server.key  localhost and 127.0.0.1
#   locked.key              server.key behind a passphrase
#   renewed.pem             another certificate of the same server, for reloads; with renewed.key
#   client.pem, client.key  common name legacy.example.com, alternative name spare.example.com
#   expired.pem             the same client, over since 2021; with expired.key
#   stranger.pem            the same names, signed by other-ca.pem; with stranger.key
#   lapsed.pem              a server of the names of server.pem, over since 2021, signed by lapsed-ca.pem; with lapsed.key
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

authority() { # FILE NAME
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
        -keyout "$work/$1.key" -out "$work/$1.csr"
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' >"$work/extensions"
    : >"$work/index"
    openssl ca -batch -notext -config "$work/ca.cnf" -selfsign -keyfile "$work/$1.key" -extfile "$work/extensions" \
        -startdate 20200101000000Z -enddate 21200101000000Z -in "$work/$1.csr" -out "$1.pem"
}

certificate() { # FILE AUTHORITY NAME ALTERNATIVE USAGE [START END]
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" \
        -keyout "$1.key" -out "$work/$1.csr"
    printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$4" "$5" >"$work/extensions"
    : >"$work/index"
    openssl ca -batch -notext -config "$work/ca.cnf" -cert "$2.pem" -keyfile "$work/$2.key" \
        -extfile "$work/extensions" -startdate "${6:-20200101000000Z}" -enddate "${7:-21200101000000Z}" \
        -in "$work/$1.csr" -out "$1.pem"
}

cat >"$work/ca.cnf" <<END
[ca]
default_ca = here
[here]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
END

authority ca "smppgw test CA"
authority other-ca "another test CA"
certificate server ca localhost "DNS:localhost,IP:127.0.0.1" serverAuth
certificate renewed ca localhost "DNS:localhost,IP:127.0.0.1" serverAuth
certificate client ca legacy.example.com "DNS:spare.example.com" clientAuth
certificate expired ca legacy.example.com "DNS:spare.example.com" clientAuth 20200101000000Z 20210101000000Z
certificate stranger other-ca legacy.example.com "DNS:spare.example.com" clientAuth
authority lapsed-ca "a third test CA"
certificate lapsed lapsed-ca localhost "DNS:localhost,IP:127.0.0.1" serverAuth 20200101000000Z 20210101000000Z
openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -in server.key -out locked.key
