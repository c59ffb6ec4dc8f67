// Carries the precompiled header of sanitizer builds (cmake/parlour.cmake).
