"""A gang whose nodes need each other: the main one adds up what the others send, and answers all of them."""

import socket
import time
import zlib

from stepwell import FlowSpec, Parameter, current, parallel, resources, retry, step


def talk(number):
    """The sum of the numbers of all nodes of the gang, which each of them gets."""
    me = current.parallel
    port = 20000 + zlib.crc32(f"{current.run_id} {current.retry_count}".encode()) % 10000
    if me.node_index == 0:
        with socket.create_server(("", port)) as server:
            others = [server.accept()[0] for _ in range(me.num_nodes - 1)]
            total = number + sum(int(other.recv(100)) for other in others)
            for other in others:
                other.sendall(b"%d" % total)
            return total
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection((me.main_ip, port)) as main:
                main.sendall(b"%d" % number)
                return int(main.recv(100))
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the main node does not listen"
            time.sleep(0.05)


class Gang(FlowSpec):
    nodes = Parameter("nodes", default=3)

    @step
    def start(self):
        self.base = 10
        self.next(self.train, num_parallel=self.nodes)

    @resources(cpu=1, memory=1024)
    @retry(times=1, minutes_between_retries=0)
    @parallel
    @step
    def train(self):
        me = current.parallel
        if current.retry_count == 0 and me.node_index == 1:
            raise ValueError("the other nodes wait for this one")
        self.total = talk(self.base + me.node_index)
        self.place = (me.num_nodes, me.node_index, me.control_task_id, self.input, self.index)
        self.attempt = current.retry_count
        self.next(self.join)

    @step
    def join(self, inputs):
        self.totals = [one.total for one in inputs]
        self.places = [one.place for one in inputs]
        self.attempts = [one.attempt for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.totals)


if __name__ == "__main__":
    Gang()
