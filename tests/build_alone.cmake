# Compiles each file by itself: what a file forgets to include may come from its neighbours in a build that
# takes several at once.  cmake -DSOURCE=... -DBUILD=... -P build_alone.cmake
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -DCMAKE_BUILD_TYPE=Debug
                        -DWAXWING_UNITY=OFF -DWAXWING_WERROR=ON
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} COMMAND_ERROR_IS_FATAL ANY)
