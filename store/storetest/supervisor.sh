# Owns one throw-away cluster: creates it, runs it, and removes it when the
# process that asked for it closes descriptor 3 or dies.
# Arguments: the folder of the binaries, the cluster's folder, server arguments.
bin=$1 dir=$2
shift 2
trap 'rm -rf "$dir"' EXIT
trap '' HUP INT TERM
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync 3<&- || exit 1
"$bin/postgres" -D "$dir/data" "$@" 3<&- &
server=$!
{
	read -r _ <&3 # returns at the end of the pipe, never with a line
	kill -QUIT "$server"
} &
watcher=$!
exec 3<&-
wait "$server"
kill -KILL "$watcher"
