# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
ensure_payload()
{
	die 'payload: not written yet; use PAIRFUSE_VM_BARE=1'
}
