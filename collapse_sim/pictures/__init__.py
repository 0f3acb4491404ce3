"""Pictures as data: a variational autoencoder trained again and again on its own pictures."""
