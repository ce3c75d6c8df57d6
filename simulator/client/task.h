// Coroutines that read like the steps of a client: a script waits for an answer or for a moment,
// and whoever runs the client's line resumes it then.
//
// Simulator/client. To be added here: nothing but coroutines.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace mep::simulator {

template <typename T>
class Task;

namespace detail {

// Goes back to the coroutine that waits for this one.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    const std::coroutine_handle<> waiting = finished.promise().waiting;
    return waiting ? waiting : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> waiting;
  std::exception_ptr failure;
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  void return_value(T result) { value = std::move(result); }
  T result() {
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void result() const {
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace detail

// A step that can wait. It begins when it is awaited (or start()ed) and ends with a value or an
// exception, which the awaiting coroutine gets. What is handed to it by reference must live until
// it has ended.
template <typename T = void>
class Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // For the outermost one, which nobody awaits. Runs it as far as it goes without waiting.
  void start() const { handle_.resume(); }
  bool done() const { return handle_.done(); }
  // Throws what the task threw. done() must be true.
  T result() const { return handle_.promise().result(); }

  bool await_ready() const noexcept { return false; }
  Handle await_suspend(std::coroutine_handle<> waiting) const noexcept {
    handle_.promise().waiting = waiting;
    return handle_;
  }
  T await_resume() const { return handle_.promise().result(); }

 private:
  Handle handle_;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace detail

}  // namespace mep::simulator
