# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034,SC2016
# A pair that the kernel never calls here: attached, listed, and gone.

both x SIGINT numamove-libbpf
all_ready
await 'not fused' matches x.run ': fused: '
equal "$(pairfuse list --json | grep -c migrate_misplaced)" 1 'listed'
stop
fused x 1
same_errors x
equal "$(sed 's/[0-9:]*//' "$T/x.run.out" | sort -u)" \
	"$(sed 's/[0-9:]*//' "$T/x.plain.out" | sort -u)" 'output'
