// An OpenID Connect provider with one client, whose own pages take any name.
import { Provider } from "oidc-provider";

const [host, port, redirect, after] = process.argv.slice(2);
const issuer = `http://${host}:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "site",
      client_secret: "a secret between the two of them",
      redirect_uris: [redirect],
      post_logout_redirect_uris: [after],
    },
  ],
  cookies: { keys: ["of the tests"] },
  features: { devInteractions: { enabled: true } },
  async findAccount(_context, id) {
    return { accountId: id, claims: async () => ({ sub: id }) };
  },
});
provider.listen(Number(port), host);
