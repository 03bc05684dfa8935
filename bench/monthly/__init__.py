"""A scripted month of a team of three: what people do, what falsifiers do, and what must hold. See bench/month.py."""
