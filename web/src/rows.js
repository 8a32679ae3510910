// The rows of a table by their numbers, which stay when others are deleted, and what a person does to them.

export class Rows {
  constructor(app) {
    this.app = app;
  }

  id(i) {
    return this.app.scene.data.ids?.[i] ?? i;
  }

  select(i) {
    const { selected } = this.app.state;
    if (selected[0] !== this.id(i)) this.app.set({ selected: [this.id(i), ...selected.slice(1)] });
  }

  place(i, x, y) {
    const { edits } = this.app.state;
    const id = this.id(i);
    const moved = { ...edits.moved, [id]: { ...edits.moved?.[id], ...this.#cells(x, y) } };
    this.app.set({ edits: { ...edits, moved } });
  }

  add(x, y) {
    const { edits } = this.app.state;
    const added = [...(edits.added ?? []), this.#cells(x, y)];
    const id = this.app.scene.data.base + added.length - 1;
    this.#become({ ...edits, added }, id, "plot.added", id);
  }

  remove(i) {
    const { edits } = this.app.state;
    const [id, last] = [this.id(i), this.app.scene.data.shape[0] - 1];
    const next = this.id(i < last ? i + 1 : Math.max(0, i - 1));
    this.#become({ ...edits, deleted: [...(edits.deleted ?? []), id] }, next, "plot.deleted", id);
  }

  #become(edits, selected, words, row) {
    const { app } = this;
    app.set({ edits, selected: [selected, ...app.state.selected.slice(1)] });
    app.say(app.words(words, { row }));
  }

  /** What a place in the plot is in the table's columns. */
  #cells(x, y) {
    const [first, second] = this.app.scene.columns;
    return second === undefined ? { [first]: y } : { [first]: x, [second]: y };
  }
}
