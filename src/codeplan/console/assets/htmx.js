// Extensions look for htmx on the window.
import htmx from "htmx.org";
window.htmx = htmx;
