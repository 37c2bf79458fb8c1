// Pictures that are zoomed and moved with wheel, fingers and keys; two side by side move as one.
(() => {
  "use strict";
  const LARGEST = 16;

  // Makes the `[data-pane]` elements in `stage` one view. Positions are parts of the picture, from its middle, so that two
  // pictures of other shapes show the same place.
  window.galleryPanes = (stage) => {
    const panes = [...stage.querySelectorAll("[data-pane]")];
    if (!panes.length) return null;
    const view = { scale: 1, x: 0, y: 0 };
    const fingers = new Map();

    // As large as the picture is drawn before it is zoomed.
    function size(pane) {
      const { naturalWidth, naturalHeight } = pane.querySelector("img");
      const { clientWidth, clientHeight } = pane;
      if (!naturalWidth || !clientWidth) return [clientWidth || 1, clientHeight || 1];
      const fit = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
      return [naturalWidth * fit, naturalHeight * fit];
    }

    function draw() {
      const most = (view.scale - 1) / 2;
      view.x = Math.max(-most, Math.min(most, view.x));
      view.y = Math.max(-most, Math.min(most, view.y));
      for (const pane of panes) {
        const picture = pane.querySelector("img");
        const [width, height] = size(pane);
        picture.style.transform = `translate(${view.x * width}px, ${view.y * height}px) scale(${view.scale})`;
        pane.dataset.scale = view.scale.toFixed(2);
        pane.dataset.place = view.x.toFixed(3) + "," + view.y.toFixed(3);
        pane.classList.toggle("is-zoomed", view.scale > 1);
      }
    }

    // Zooms so that what is under (x, y) stays there.
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
      const [width, height] = size(pane);
      return [(event.clientX - box.left - box.width / 2) / width, (event.clientY - box.top - box.height / 2) / height];
    };

    for (const pane of panes) {
      pane.querySelector("img").addEventListener("load", draw);
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
        const [width, height] = size(pane);
        if (fingers.size === 2) {
          const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
          const reach = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
          zoom(reach(event) / reach(before), ...part(pane, event));
        } else {
          view.x += (event.clientX - before.clientX) / width;
          view.y += (event.clientY - before.clientY) / height;
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
