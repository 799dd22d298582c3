// Its own defaults, as in a cluster: it answers probes on a port of its own and waits 5 s by itself.
import { createServer } from "node:http";
import { createLightship } from "lightship";
import { handler, listen, settings } from "./app.mjs";

const lightship = await createLightship({ port: settings.checkPort, detectKubernetes: false });
const server = createServer(handler);
lightship.registerShutdownHandler(() => new Promise((done) => server.close(done)));
lightship.signalReady();
listen(server);
