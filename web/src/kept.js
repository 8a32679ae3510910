// The last table that a person gave, in the browser's own storage of this tab, so that loading again finds it.

const NAME = "normlab table";

export function keep(table) {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(table));
    return true;
  } catch {
    forget(); // an older one
    return false; // full, or closed to this page
  }
}

export function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {} // closed to this page: nothing is kept
}
