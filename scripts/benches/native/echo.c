/* An echo server in C: one thread, epoll(7), level-triggered. What rawkit's is measured by.
 *
 * echo          listens on a free port of 127.0.0.1, prints its number, serves until killed
 *
 * It does what a server has to: what a client does not take is kept, and nothing more is read
 * from it until that is gone; errors end a connection and nothing else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 65536, EVENTS = 1024, BACKLOG = 4096 };

struct rest { /* what a client has not taken yet */
    char *octets;
    size_t length, sent;
};

static struct rest *rests; /* by descriptor */
static size_t room;
static int waiting;
static char piece[PIECE];

static void want(int fd, unsigned events, int how) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(waiting, how, fd, &event);
}

static void hang_up(int fd) {
    free(rests[fd].octets);
    memset(&rests[fd], 0, sizeof rests[fd]);
    close(fd);
}

static void take(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if ((size_t)fd >= room) { /* more descriptors than this process may have */
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        want(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void keep(int fd, const char *octets, size_t length) {
    struct rest *rest = &rests[fd];
    rest->octets = malloc(length);
    if (rest->octets == NULL) {
        hang_up(fd);
        return;
    }
    memcpy(rest->octets, octets, length);
    rest->length = length;
    rest->sent = 0;
    want(fd, EPOLLOUT, EPOLL_CTL_MOD);
}

static void answer(int fd) {
    ssize_t length = read(fd, piece, sizeof piece);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        hang_up(fd);
        return;
    }
    ssize_t sent = write(fd, piece, length);
    if (sent < 0 && errno != EAGAIN)
        hang_up(fd);
    else if (sent < length)
        keep(fd, piece + (sent < 0 ? 0 : sent), length - (sent < 0 ? 0 : sent));
}

static void go_on(int fd) {
    struct rest *rest = &rests[fd];
    ssize_t sent = write(fd, rest->octets + rest->sent, rest->length - rest->sent);
    if (sent < 0) {
        if (errno != EAGAIN)
            hang_up(fd);
        return;
    }
    rest->sent += sent;
    if (rest->sent == rest->length) {
        free(rest->octets);
        memset(rest, 0, sizeof *rest);
        want(fd, EPOLLIN, EPOLL_CTL_MOD);
    }
}

int main(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    room = limit.rlim_max > 1 << 20 ? 1 << 20 : limit.rlim_max;
    rests = calloc(room, sizeof *rests);

    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (rests == NULL || bind(listener, (struct sockaddr *)&address, length) < 0 ||
        listen(listener, BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        perror("echo");
        return 2;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);

    waiting = epoll_create1(EPOLL_CLOEXEC);
    want(listener, EPOLLIN, EPOLL_CTL_ADD);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(waiting, events, EVENTS, -1);
        for (int each = 0; each < ready; each++) {
            int fd = events[each].data.fd;
            if (fd == listener)
                take(listener);
            else if (rests[fd].octets != NULL)
                go_on(fd);
            else
                answer(fd);
        }
    }
}
