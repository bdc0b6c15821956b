"""Rewards: each takes a problem with all its trajectories and gives one Verdict per trajectory."""
