"""Reads seeds, trains, evaluates and promotes a model. Never part of the service."""
