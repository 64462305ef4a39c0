# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# Without the module everything runs as its author wrote it, and says so once.

threads=2 n=30
each=$((threads * n))

modprobe -r pairfuse || fail 'rmmod'
echo 'install pairfuse /bin/false' >/etc/modprobe.d/no-pairfuse.conf
load_start l $threads $n
tool_start x --fs ext4 "$OBJ"/fsdist.bpf.o
load_go l ok
tool_stop x
rm /etc/modprobe.d/no-pairfuse.conf
modprobe pairfuse || fail 'modprobe'
equal "$(hists x)" "$each $each $each $each $each" 'counts without the module'
equal "$(fused x)" 0 'pairs fused'
equal "$(python3 "$DIR/json_of.py" "$T/x.out" attached \
	'{(v["engine"], v["reason"]) for v in d["verdicts"]}')" \
	"{('split', 'module')}" 'verdicts'
