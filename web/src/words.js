// Texts with their gaps filled: `{name}` as it is, `{name:,}` with its thousands apart.

export function filled(text, values = {}) {
  return text.replace(/\{(\w+)(:,)?\}/g, (whole, name, apart) => {
    const value = values[name] ?? whole;
    return apart && value !== whole ? Number(value).toLocaleString("en-GB") : value;
  });
}
