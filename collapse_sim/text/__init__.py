"""Two texts side by side: n-grams, importance weights, density, perplexities, maps, selections."""
