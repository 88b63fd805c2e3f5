# SPDX-License-Identifier: Apache-2.0
set(FLOPCAST_MAN_SUMMARY "to do")
