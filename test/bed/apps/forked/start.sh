#!/bin/sh
# Does not exec: the shell stays between us and the server, and passes no signal on.
node server.cjs
echo "the server ended with $?"
