"""The same run under several rewards, side by side: plan.py -> seed.py -> arm.py (measure.py) -> jobs.py -> report.py."""
