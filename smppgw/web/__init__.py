"""HTTP for operators and carriers: metrics, health, pushes."""
