"""Preference pairs and the reward models that are trained on them."""
