// Pictures that are zoomed and moved with wheel, fingers and keys; two side by side move as one.
(() => {
  "use strict";
  const LARGEST = 16;

  // Makes the `[data-pane]` elements in `stage` one view. Positions are parts of a pane, so that both show the same place.
  window.galleryPanes = (stage) => {
    const panes = [...stage.querySelectorAll("[data-pane]")];
    if (!panes.length) return null;
    const view = { scale: 1, x: 0, y: 0 };
    const fingers = new Map();

    function draw() {
      const most = (view.scale - 1) / 2;
      view.x = Math.max(-most, Math.min(most, view.x));
      view.y = Math.max(-most, Math.min(most, view.y));
      for (const pane of panes) {
        const picture = pane.querySelector("img");
        picture.style.transform = `translate(${view.x * 100}%, ${view.y * 100}%) scale(${view.scale})`;
        pane.dataset.scale = view.scale.toFixed(2);
        pane.dataset.place = view.x.toFixed(3) + "," + view.y.toFixed(3);
        pane.classList.toggle("is-zoomed", view.scale > 1);
      }
    }

    // Zooms so that what is under (x, y), parts of the pane from its middle, stays there.
    function zoom(factor, x = 0, y = 0) {
      const scale = Math.max(1, Math.min(LARGEST, view.scale * factor));
      const real = scale / view.scale;
      view.x = x - (x - view.x) * real;
      view.y = y - (y - view.y) * real;
      view.scale = scale;
      draw();
    }

    const part = (pane, event) => {
      const box = pane.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
    };

    for (const pane of panes) {
      pane.addEventListener("wheel", (event) => {
        event.preventDefault();
        zoom(Math.exp(-event.deltaY / 400), ...part(pane, event));
      }, { passive: false });
      pane.addEventListener("dblclick", (event) => zoom(view.scale > 1 ? 1 / LARGEST : 3, ...part(pane, event)));
      pane.addEventListener("pointerdown", (event) => {
        fingers.set(event.pointerId, event);
        pane.setPointerCapture(event.pointerId);
      });
      pane.addEventListener("pointermove", (event) => {
        const before = fingers.get(event.pointerId);
        if (!before) return;
        const box = pane.getBoundingClientRect();
        if (fingers.size === 2) {
          const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
          const reach = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
          zoom(reach(event) / reach(before), ...part(pane, event));
        } else {
          view.x += (event.clientX - before.clientX) / box.width;
          view.y += (event.clientY - before.clientY) / box.height;
          draw();
        }
        fingers.set(event.pointerId, event);
      });
      for (const name of ["pointerup", "pointercancel"]) pane.addEventListener(name, (event) => fingers.delete(event.pointerId));
    }
    draw();
    return {
      zoom,
      compare(both) {
        const second = stage.querySelector("[data-pane='second']");
        if (!second) return;
        const picture = second.querySelector("img");
        if (both && !picture.src) picture.src = picture.dataset.src;
        second.hidden = !both;
        stage.classList.toggle("is-compared", both);
        draw();
      },
    };
  };
})();
