"""Metering: reserve before the upstream is asked, settle or release after; calls at once; usage."""
