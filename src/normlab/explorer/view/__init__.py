"""What is shown of a state: pictures, the formula in numbers, controls, a script and one sentence."""
