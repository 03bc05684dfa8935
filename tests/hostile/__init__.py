"""Hostile repositories, forgers, faults and odd but honest repositories."""
