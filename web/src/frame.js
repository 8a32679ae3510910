// A reply in one binary frame, as normlab.explorer.host.wire packs it.

const ALIGNED = 8;
const after = (offset) => Math.ceil(offset / ALIGNED) * ALIGNED;

/** [header, [DataView of each buffer]]; the views look into the frame itself. */
export function unpack(frame) {
  const length = new DataView(frame).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(frame, 4, length)));
  let offset = after(4 + length);
  const views = header.buffers.map((bytes) => {
    const view = new DataView(frame, offset, bytes);
    offset = after(offset + bytes);
    return view;
  });
  return [header, views];
}
