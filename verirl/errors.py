"""Errors that a user can act on: the command line prints their one sentence and exits with code 2, no traceback."""


class VerirlError(Exception):
    """Base of every error whose message is meant for people: what is wrong, where, and what to do."""


class ConfigError(VerirlError):
    """A config file, an override or a task's config is wrong; the message names the key's path."""


class DataError(VerirlError):
    """A data file is missing or has a bad line; the message names file and line."""


class PluginError(VerirlError):
    """A task plugin could not be found or loaded."""


class ModelError(VerirlError):
    """A model folder is missing, broken or unfit (no chat template, context too short)."""


class SamplerError(VerirlError):
    """A sampler is missing or would not start."""


class StaleWeightsError(SamplerError):
    """The sampler does not hold the weights that the learner handed over. The run must stop: its samples would come
    from another policy than the one that is trained."""


class RunError(VerirlError):
    """A run folder is unwritable, exists already, or belongs to another run."""
