"""A user's corpus edited or scored with a pretrained model."""
