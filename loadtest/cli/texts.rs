//! What the long help says.

pub const ABOUT: &str = "\
Sends work to a Saldo engine, measures it as a good instrument does, and audits every answer.

Without a command it runs `hot`, the canonical one: 64 clients want the same SKU over HTTP, until it is gone and \
beyond. Without --url it starts an engine of its own on a temporary directory and stops it at the end.";

pub const SHORT: &str = "\
Options of `hot` work without its name: see `saldo-loadtest hot --help`.";

pub const EXAMPLES: &str = "\
Examples:
  saldo-loadtest
      the canonical measurement: one hot SKU, under a minute
  saldo-loadtest hot --help
      all options of a workload, and more examples
  saldo-loadtest zipf --transport ws-binary --frame 1000 --html report.html
      100,000 keys in frames of 1,000 commands, with a page of plots
  saldo-loadtest peers
      Saldo, Redis and PostgreSQL side by side

Exit code: 0 when everything agrees; 1 when the audit finds a violation, a requirement is not met \
or the run could not be finished; 2 when the command or a setting is wrong.";

pub const WORKLOAD_EXAMPLES: &str = "\
Examples, with any workload in the place of hot:
  saldo-loadtest hot --clients 256 --stock 1000000 --runs 5
      more clients, more stock; median and spread of five runs
  saldo-loadtest hot --transport ws-binary --frame 1000 --clients 8
      frames of 1,000 commands
  saldo-loadtest zipf --rate 5k --duration 30s --json result.json
      5,000 operations a second, whatever the engine does; latency from the intended start
  saldo-loadtest uniform --rate 1k..50k --step 5s
      a stair of rates: its highest one that the engine keeps up with is the knee
  saldo-loadtest hot --require 'p99<5ms' --require 'oversold==0' --quiet
      for pipelines: ends with 1 unless both hold
  saldo-loadtest hot --url http://127.0.0.1:7700 --set quantity=3
      an engine that runs already; a setting that has no option of its own

Every setting stands in config/loadtest.toml with its default, unit and meaning; --config FILE lays \
the lines of a file over it, and options win over both.

Times are 500ms, 5s or 1m; rates are operations a second, 5000 or 5k.

Exit code: 0 when everything agrees; 1 when the audit finds a violation, a requirement is not met \
or the run could not be finished; 2 when the command or a setting is wrong.";

pub const HOT: &str = "\
Everybody wants the same SKU, one unit each, until it is gone and beyond: the hardest case for a stock engine, \
because nothing can be done side by side. By default 200,000 units, and a fifth more demand that must be refused. \
At the end exactly all units are granted.";

pub const FLASH_SALE: &str = "\
A burst of demand many times the stock, with short holds. A share of what is granted is committed after a think \
time, the rest is left alone and runs out; when it has, a second wave takes what came back. At the end everything \
is sold, and nothing twice.";

pub const UNIFORM: &str = "\
Reservations of one key each over SKUs × locations, every key as likely as any other: how the engine does when \
little is in memory at the right time and nothing is contended.";

pub const ZIPF: &str = "\
Reservations of one key each over SKUs × locations, drawn by Zipf's law as real demand is: few keys often, many \
seldom. --exponent says how steep.";

pub const BASKET: &str = "\
Orders of several lines, granted whole or refused whole; they overlap, because lines are drawn by Zipf's law. Sizes \
are those of a real web shop's invoices (the setting `sizes`). Then a share is committed and a share released. Over \
HTTP only.";

pub const LIFECYCLE: &str = "\
Everything that can become of a reservation, in stated shares: extended, committed, fulfilled, cancelled, released, \
left to expire, returned; part quantities too. Over the WebSocket and inproc, which cannot say returns, \
add --set return_share=0.";

pub const MIXED: &str = "\
Reads, reserves, commits, releases, sales over the counter and receipts at once, in stated shares, over keys drawn \
by Zipf's law. Over the WebSocket and inproc, which cannot read levels one by one, add --set read_share=0.";

pub const FEED: &str = "\
Subscribers to every key of the run while another workload runs: how many levels and messages arrive, how old they \
are, and what the subscribers cost the workload. Some may never read, or read slowly; the engine must not mind.";

pub const FEED_EXAMPLES: &str = "\
Examples:
  saldo-loadtest feed --subscribers 1000 --while hot
      a thousand readers of one hot SKU
  saldo-loadtest feed --slow 4 --paced 4 --pace 250ms --while zipf
      ten readers, four connections that never read, four that read one message in 250 ms

All options of the workload work too: see `saldo-loadtest uniform --help`.";

pub const PEERS: &str = "\
Starts Saldo, Redis and PostgreSQL in turn, each on a temporary directory and a free port, with the same guarantee \
and the same semantics: an idempotent reserve with a stored reservation and a deadline. One table, ratios within the \
run, each target audited for units sold twice. Redis and PostgreSQL come from the system's packages \
(Debian: redis-server, postgresql). Where one is missing nothing is measured: the program says which, and the \
package to install; or leave it out of --targets.";

pub const PEERS_EXAMPLES: &str = "\
Examples:
  saldo-loadtest peers
      all three, three workloads, one a request and in batches
  saldo-loadtest peers --workloads hot --batch 1 --guarantee power_loss,relaxed
      what the guarantee costs
  saldo-loadtest peers --runs 5 --html peers.html --json peers.json
      the median of five runs, as a page and for programs";

pub const COMPARE: &str = "\
Sets two reports that --json wrote beside each other: throughput, latencies, answers, and by how much each differs. \
Says so where they were not measured in the same way.";

pub const CAPACITY: &str = "\
Measures this program itself, against a server of its own that only echoes, in the same forms as an engine is \
measured. What an engine does is believable where this program can do a multiple of it.";
