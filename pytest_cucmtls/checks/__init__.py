"""One requirement per function: evidence in, judgement out."""
