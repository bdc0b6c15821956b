"""verirl: verifiable-reward reinforcement learning for open-domain tasks."""

__version__ = "0.1.0"
