// Whether this browser has been here: who has not is invited to drag, and offered the tour.

const NAME = "normlab visited";

export function first(host) {
  if (host === "jupyter") return false; // a notebook has words of its own
  try {
    return localStorage.getItem(NAME) === null;
  } catch {
    return false; // closed to this page: nothing would be remembered
  }
}

export function over() {
  try {
    localStorage.setItem(NAME, "yes");
  } catch {} // then it is asked again
}
